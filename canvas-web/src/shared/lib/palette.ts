import { type ReactNode, useEffect } from 'react';
import { create } from 'zustand';

/** Something that can be done, by its name. */
export interface Action {
  readonly id: string;
  readonly label: string;
  readonly keys?: readonly string[];
  readonly icon?: ReactNode;
  /** Further words it is found by. */
  readonly words?: string;
  /** What stands below the label. */
  readonly detail?: ReactNode;
  readonly run: () => void;
}

export interface ActionGroup {
  readonly title: string;
  readonly actions: readonly Action[];
}

type Offer = () => ActionGroup;

/** The command palette: whether it is open, and what the open page adds to it. */
export const usePalette = create<{ open: boolean; offers: readonly Offer[] }>(() => ({ open: false, offers: [] }));

export const openPalette = () => usePalette.setState({ open: true });

/** What can be done here, for as long as the page is open. Asked for when the palette opens. */
export function useOffer(offer: Offer) {
  useEffect(() => {
    usePalette.setState(({ offers }) => ({ offers: [...offers, offer] }));
    return () => usePalette.setState(({ offers }) => ({ offers: offers.filter((each) => each !== offer) }));
  }, [offer]);
}
