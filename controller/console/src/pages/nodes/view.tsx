import { Route, Routes } from 'react-router';
import { NodePage } from './NodePage';
import { NodesPage } from './NodesPage';

export default function Nodes() {
  return (
    <Routes>
      <Route index element={<NodesPage />} />
      <Route path=":name" element={<NodePage />} />
    </Routes>
  );
}
