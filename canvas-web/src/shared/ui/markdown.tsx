import { Component, lazy, memo, type ReactNode, Suspense, useMemo } from 'react';
import { stripAnsi } from '@/shared/lib/ansi';

const Rendered = lazy(() => import('./markdown-body'));

/** Shows the words as they are when Markdown cannot be loaded, say offline. */
class Fallback extends Component<{ text: string; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <Plain text={this.props.text} /> : this.props.children;
  }
}

const Plain = ({ text }: { text: string }) => <p className="wrap-break-word whitespace-pre-wrap">{text}</p>;

/** Deeper than people write. A parser takes minutes for lists or quotes nested thousands deep. */
const NESTED = /^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])[ \t])){40}|^[ \t]{100,}(?:[-+*>]|\d{1,9}[.)])/m;

/** Markdown from people and agents: sanitised, no images, HTML shown as it is written, no escapes of terminals. */
export const Markdown = memo(function Markdown({
  text,
  className,
  mentions,
}: {
  text: string;
  className?: string;
  /** Names that are shown as mentions behind an `@`, one per line. */
  mentions?: string;
}) {
  const plain = useMemo(() => stripAnsi(text), [text]);
  return (
    <div className={className ? `prose-agent ${className}` : 'prose-agent'}>
      {NESTED.test(plain) ? (
        <Plain text={plain} />
      ) : (
        <Fallback text={plain}>
          <Suspense fallback={<Plain text={plain} />}>
            <Rendered text={plain} mentions={mentions} />
          </Suspense>
        </Fallback>
      )}
    </div>
  );
});
