import { create } from 'zustand';

export interface SheetGroup {
  title: string;
  keys: [string[], string][];
}

/** Dialogs that can be opened from anywhere in a workspace. */
export const useUi = create<{
  creating: boolean;
  helping: boolean;
  /** Keys of the open page, for the list of them. */
  sheet: readonly SheetGroup[];
}>(() => ({ creating: false, helping: false, sheet: [] }));
