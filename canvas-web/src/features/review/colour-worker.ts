/** Colours source text beside the page, so that a long or hostile file never holds it up. */
import './no-document';
import { refractor } from 'refractor';
import docker from 'refractor/docker';
import jsx from 'refractor/jsx';
import toml from 'refractor/toml';
import tsx from 'refractor/tsx';
import { type ColourDone, type ColourJob, linesOf, type Node } from './colour';

for (const language of [docker, jsx, toml, tsx]) {
  refractor.register(language);
}

function colour(text: string, language: string) {
  return linesOf(refractor.highlight(text, language).children as Node[]);
}

self.onmessage = ({ data }: MessageEvent<ColourJob>) => {
  const { id, language, sides } = data;
  const done: ColourDone = { id, sides: [colour(sides[0], language), colour(sides[1], language)] };
  self.postMessage(done);
};
