import { create } from 'zustand';

export type ThemeChoice = 'system' | 'light' | 'dark';
const STORAGE_KEY = 'coord.theme';
const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined;

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(STORAGE_KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

function show(choice: ThemeChoice) {
  const dark = choice === 'dark' || (choice === 'system' && system?.matches === true);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

interface ThemeStore {
  choice: ThemeChoice;
  choose: (choice: ThemeChoice) => void;
}

export const useTheme = create<ThemeStore>((set) => ({
  choice: stored(),
  choose: (choice) => {
    try {
      localStorage.setItem(STORAGE_KEY, choice);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    show(choice);
    set({ choice });
  },
}));

system?.addEventListener('change', () => show(useTheme.getState().choice));
