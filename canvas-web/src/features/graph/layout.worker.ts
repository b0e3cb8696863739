import { layout } from './layout';
import type { Link } from './model';

export interface Asked {
  key: string;
  ids: string[];
  links: Link[];
}

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  postMessage({ key: data.key, places: layout(data.ids, data.links) });
});
