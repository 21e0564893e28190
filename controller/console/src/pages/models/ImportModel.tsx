import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { Dialog } from '../../design';
import { SourceForm } from './SourceForm';
import { UploadForm } from './upload/UploadForm';

export function ImportModel({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Import a model" size="wide" isOpen={isOpen} onClose={onClose}>
      <Tabs className="tabs">
        <TabList aria-label="Where the model is" className="tab-list">
          <Tab id="upload" className="tab">On this computer</Tab>
          <Tab id="source" className="tab">Where the controller can fetch it</Tab>
        </TabList>
        <TabPanel id="upload" className="tab-panel"><UploadForm onClose={onClose} /></TabPanel>
        <TabPanel id="source" className="tab-panel"><SourceForm onClose={onClose} /></TabPanel>
      </Tabs>
    </Dialog>
  );
}
