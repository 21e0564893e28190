import { Route, Routes } from 'react-router';
import { RecordPage } from './RecordPage';
import { RecordsPage } from './RecordsPage';
import './audit.css';

export default function Audit() {
  return (
    <Routes>
      <Route index element={<RecordsPage />} />
      <Route path=":id" element={<RecordPage />} />
    </Routes>
  );
}
