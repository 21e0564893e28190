import { Keyboard, KeyRound, LogOut, Monitor, Moon, ShieldCheck, Sun, UserRound } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { issuerOf } from '../api/providers';
import { signOut, useSession } from '../api/session';
import { Button, Dialog, Menu, say, type MenuChoice } from '../design';
import { NewPasswordForm } from './NewPasswordForm';
import { chooseTheme, useTheme } from './theme';

const SecondFactorDialog = lazy(() => import('./secondFactor/SecondFactorDialog'));

/** Who is signed in, and what concerns that person alone. */
export function Account({ onShortcuts }: { onShortcuts: () => void }) {
  const { account, roles } = useSession();
  const [changing, setChanging] = useState(false);
  const [securing, setSecuring] = useState(false);
  const choices = useChoices({ onPassword: () => setChanging(true), onSecondFactor: () => setSecuring(true), onShortcuts });
  const close = () => setChanging(false);
  const done = () => {
    close();
    say('Your password is changed. Your other sessions have ended.');
  };
  return (
    <>
      <Menu label={`${account.name}: account and theme`} choices={choices}>
        <Button kind="ghost" icon={<UserRound />}>
          <span className="unseen">Account and theme: </span>
          <span className="nav-name nav-who"><span>{account.name}</span><span className="nav-roles">{roles.join(', ')}</span></span>
        </Button>
      </Menu>
      <Dialog title={account.has_password ? 'Change your password' : 'Choose a password'} isOpen={changing} onClose={close}>
        <NewPasswordForm needsPresent={account.needs_current_password} onDone={done} onLater={close} later="Cancel" />
      </Dialog>
      {securing ? <Suspense><SecondFactorDialog onClose={() => setSecuring(false)} /></Suspense> : null}
    </>
  );
}

interface Choosing { onPassword: () => void; onSecondFactor: () => void; onShortcuts: () => void }

function useChoices({ onPassword, onSecondFactor, onShortcuts }: Choosing): MenuChoice[] {
  const { account } = useSession();
  const theme = useTheme();
  const themes = [['system', 'Theme of the system', Monitor], ['light', 'Light theme', Sun], ['dark', 'Dark theme', Moon]] as const;
  const leave = () => void signOut().catch((error: Error) => say(error.message));
  return [
    ...(issuerOf(account.name) ? [] : [
      { id: 'password', label: account.has_password ? 'Change password' : 'Choose a password', icon: <KeyRound aria-hidden="true" />, onAction: onPassword },
      { id: 'second-factor', label: account.has_second_factor ? 'Second factor' : 'Set up a second factor', icon: <ShieldCheck aria-hidden="true" />, onAction: onSecondFactor },
    ]),
    ...themes.map(([id, label, Icon]): MenuChoice => ({
      id, label, icon: <Icon aria-hidden="true" />, ...(theme === id ? { hint: 'chosen' } : {}), onAction: () => chooseTheme(id),
    })),
    { id: 'shortcuts', label: 'Keyboard shortcuts', icon: <Keyboard aria-hidden="true" />, hint: '?', onAction: onShortcuts },
    { id: 'out', label: 'Sign out', icon: <LogOut aria-hidden="true" />, onAction: leave },
  ];
}
