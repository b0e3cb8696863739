import { create } from 'zustand';

/** Dialogs that can be opened from anywhere in a workspace. */
export const useUi = create<{ creating: boolean; helping: boolean }>(() => ({ creating: false, helping: false }));
