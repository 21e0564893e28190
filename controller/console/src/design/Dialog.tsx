import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from './Button';
import './Dialog.css';

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** False where leaving by a stray click would lose work. */
  dismissable?: boolean;
  /** False where the only ways out are the ones that it offers. */
  closable?: boolean;
  size?: 'small' | 'wide';
  role?: 'dialog' | 'alertdialog';
  children: ReactNode;
}

export function Dialog({ title, isOpen, onClose, dismissable = false, closable = true, size = 'small', role = 'dialog', children }: DialogProps) {
  return (
    <ModalOverlay
      className="dialog-shade" isOpen={isOpen} isDismissable={dismissable}
      isKeyboardDismissDisabled={!closable} onOpenChange={(open) => { if (!open) onClose(); }}
    >
      <Modal className={`dialog dialog-${size}`}>
        <AriaDialog className="dialog-body" role={role}>
          <header className="dialog-head">
            <Heading slot="title">{title}</Heading>
            {closable ? <Button kind="ghost" aria-label="Close" icon={<X />} onPress={onClose} /> : null}
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <footer className="dialog-actions">{children}</footer>;
}
