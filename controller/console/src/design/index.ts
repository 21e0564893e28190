import './tokens.css';
import './base.css';

export * from './Badge';
export * from './Button';
export * from './ConfirmByName';
export * from './CopyField';
export * from './DataTable';
export * from './Dialog';
export * from './Field';
export * from './figures';
export * from './format';
export * from './Menu';
export * from './Meter';
export * from './Page';
export * from './states';
export * from './Toast';
export { useClock } from './clock';
export { useDialogParameter } from './dialogParameter';
