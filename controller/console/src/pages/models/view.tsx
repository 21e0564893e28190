import { Route, Routes } from 'react-router';
import { ModelPage } from './ModelPage';
import { ModelsPage } from './ModelsPage';
import './models.css';

export default function Models() {
  return (
    <Routes>
      <Route index element={<ModelsPage />} />
      <Route path=":name" element={<ModelPage />} />
    </Routes>
  );
}
