import { create } from 'zustand';

const STORAGE_KEY = 'coord.notify';

const remembered = (): boolean => {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'on';
  } catch {
    return false;
  }
};

export const notifyPermission = (): NotificationPermission | 'unsupported' =>
  typeof Notification === 'undefined' ? 'unsupported' : Notification.permission;

/** Whether this browser shows notifications: only by choice, and as far as the browser lets us. */
export const useNotifyChoice = create<{ on: boolean }>(() => ({ on: remembered() }));

export function chooseNotify(on: boolean) {
  useNotifyChoice.setState({ on });
  try {
    localStorage.setItem(STORAGE_KEY, on ? 'on' : 'off');
  } catch {
    // Without storage the choice holds for this page.
  }
}

// Another tab chose.
globalThis.addEventListener?.('storage', (event) => {
  if (event.key === STORAGE_KEY) {
    useNotifyChoice.setState({ on: remembered() });
  }
});
