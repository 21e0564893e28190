import { Route, Routes } from 'react-router';
import { DeploymentPage } from './DeploymentPage';
import { DeploymentsPage } from './DeploymentsPage';
import './deployments.css';

export default function Deployments() {
  return (
    <Routes>
      <Route index element={<DeploymentsPage />} />
      <Route path=":name/*" element={<DeploymentPage />} />
    </Routes>
  );
}
