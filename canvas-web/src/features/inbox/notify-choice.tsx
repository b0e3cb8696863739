import { Bell, BellOff } from 'lucide-react';
import { useState } from 'react';
import { chooseNotify, notifyPermission, useNotifyChoice } from '@/shared/lib/notify-choice';
import { Button } from '@/shared/ui/button';

/** Asks the browser only when this is clicked. */
export function NotifyChoice() {
  const { on } = useNotifyChoice();
  const [permission, setPermission] = useState(notifyPermission);
  if (permission === 'unsupported') {
    return null;
  }
  const active = on && permission === 'granted';
  const toggle = async () => {
    if (active) {
      chooseNotify(false);
      return;
    }
    const answer = await Notification.requestPermission();
    setPermission(answer);
    chooseNotify(answer === 'granted');
  };
  return (
    <div className="flex flex-col items-end gap-1">
      <Button
        aria-pressed={active}
        icon={active ? <Bell className="size-4" aria-hidden /> : <BellOff className="size-4" aria-hidden />}
        disabled={permission === 'denied'}
        onClick={() => void toggle()}
      >
        {active ? 'Notifications on' : 'Notify me'}
      </Button>
      {permission === 'denied' && (
        <p className="max-w-60 text-right text-ink-3 text-xs">
          Your browser blocks notifications of this site. Its settings can allow them.
        </p>
      )}
    </div>
  );
}
