/** What a new canvas can begin with. */
type Look = 'frame' | 'good' | 'bad' | 'note' | 'idea';

export interface Start {
  readonly id: 'blank' | 'retro' | 'roadmap' | 'breakdown';
  readonly name: string;
  /** What the canvas is called unless one says otherwise. */
  readonly title: string;
  readonly words: string;
  /** Boxes on a field of 120 by 72. */
  readonly picture: readonly (readonly [x: number, y: number, w: number, h: number, look: Look])[];
}

const blank: Start = { id: 'blank', name: 'Empty', title: 'New canvas', words: 'All the room is yours.', picture: [] };

export const starts: readonly [Start, ...Start[]] = [
  blank,
  {
    id: 'retro',
    name: 'Retrospective',
    title: 'Retrospective',
    words: 'What went well, what did not, what to try.',
    picture: [
      [8, 10, 32, 52, 'frame'],
      [44, 10, 32, 52, 'frame'],
      [80, 10, 32, 52, 'frame'],
      [12, 18, 11, 11, 'good'],
      [25, 18, 11, 11, 'good'],
      [12, 32, 11, 11, 'good'],
      [48, 18, 11, 11, 'bad'],
      [61, 18, 11, 11, 'bad'],
      [84, 18, 24, 8, 'idea'],
      [84, 30, 24, 8, 'idea'],
    ],
  },
  {
    id: 'roadmap',
    name: 'Roadmap',
    title: 'Roadmap',
    words: 'Now, next and later, side by side.',
    picture: [
      [8, 8, 104, 17, 'frame'],
      [8, 28, 104, 17, 'frame'],
      [8, 48, 104, 17, 'frame'],
      [14, 12, 26, 9, 'idea'],
      [44, 12, 26, 9, 'idea'],
      [32, 32, 26, 9, 'idea'],
      [66, 52, 26, 9, 'idea'],
    ],
  },
  {
    id: 'breakdown',
    name: 'Break down',
    title: 'Breakdown',
    words: 'One goal, cut into ideas that become jobs.',
    picture: [
      [44, 8, 32, 14, 'note'],
      [10, 34, 28, 10, 'idea'],
      [46, 34, 28, 10, 'idea'],
      [82, 34, 28, 10, 'idea'],
      [10, 52, 28, 10, 'idea'],
      [46, 52, 28, 10, 'idea'],
    ],
  },
];
