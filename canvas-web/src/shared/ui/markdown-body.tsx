import { ImageOff } from 'lucide-react';
import ReactMarkdown, { type Components, type Options } from 'react-markdown';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';

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

const rehypePlugins: Options['rehypePlugins'] = [htmlAsText, [rehypeSanitize, defaultSchema]];

export default function MarkdownBody({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={rehypePlugins} components={components}>
      {text}
    </ReactMarkdown>
  );
}
