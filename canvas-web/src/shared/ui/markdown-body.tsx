import { ImageOff } from 'lucide-react';
import { useMemo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { mentionMarks } from './mention-marks';

const components: Components = {
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  input: ({ checked }) => <input type="checkbox" disabled checked={checked === true} aria-label={checked ? 'Done' : 'To do'} />,
  // An image would call home to whoever wrote the text; its words are shown instead.
  img: ({ alt }) => (
    <span className="inline-flex items-center gap-1 rounded border border-line px-1 text-ink-3 text-xs">
      <ImageOff className="size-3" aria-hidden />
      {alt || 'image'}
    </span>
  ),
};

interface Node {
  type: string;
  children?: Node[];
}

/** HTML in the text is shown as it is written: whoever writes `Vec<String>` means it, and tags do nothing. */
function htmlAsText() {
  const visit = (node: Node) => {
    if (node.type === 'raw') {
      node.type = 'text';
    }
    node.children?.forEach(visit);
  };
  return visit;
}

export default function MarkdownBody({ text, mentions = '' }: { text: string; mentions?: string }) {
  // One plugin per list of names, as ReactMarkdown wants them unchanged.
  const marks = useMemo(() => mentionMarks(mentions.split('\n')), [mentions]);
  return (
    <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={[htmlAsText, [rehypeSanitize, defaultSchema], marks]} components={components}>
      {text}
    </ReactMarkdown>
  );
}
