import { type ReactNode, useState } from 'react';
import { CopyField } from '@/shared/ui/copy-field';
import { Segmented } from '@/shared/ui/forms';

type Platform = 'linux' | 'macos' | 'windows';

const needs: Record<Platform, ReactNode> = {
  linux: (
    <>
      It needs Rust 1.94 or newer (<Code>rustup.rs</Code>), git and a C compiler: <Code>apt install build-essential git</Code> or the like.
    </>
  ),
  macos: (
    <>
      It needs Rust 1.94 or newer (<Code>rustup.rs</Code>), and git and a C compiler: <Code>xcode-select --install</Code>.
    </>
  ),
  windows: (
    <>
      It needs Rust 1.94 or newer (<Code>rustup.rs</Code>), git, and the C++ Build Tools of Visual Studio. Inside WSL it is as on Linux.
    </>
  ),
};

const stays: Record<Platform, ReactNode> = {
  linux: (
    <>
      <Code>coord-runner install</Code> makes it a service of yours (systemd) that starts by itself.
    </>
  ),
  macos: (
    <>
      <Code>coord-runner install</Code> makes it a service of yours (launchd) that starts when you sign in.
    </>
  ),
  windows: (
    <>
      To have it start by itself, make a task that runs <Code>coord-runner run --no-ui</Code> at sign-in. <Code>docs/runner.md</Code> has
      the command.
    </>
  ),
};

function here(): Platform {
  const agent = navigator.userAgent;
  return /Windows/.test(agent) ? 'windows' : /Mac OS|Macintosh/.test(agent) ? 'macos' : 'linux';
}

function Code({ children }: { children: ReactNode }) {
  return <code className="whitespace-nowrap rounded bg-sunken px-1 font-mono text-xs">{children}</code>;
}

/** From here to a runner that works, in three commands. */
export function SetupGuide() {
  const [platform, setPlatform] = useState(here);
  return (
    <div className="flex flex-col gap-4 text-left">
      <Segmented
        label="Platform of the machine"
        small
        value={platform}
        onChange={setPlatform}
        options={[
          { value: 'linux', label: 'Linux' },
          { value: 'macos', label: 'macOS' },
          { value: 'windows', label: 'Windows' },
        ]}
      />
      <div className="flex flex-col gap-1.5">
        <CopyField label="1. Install" value="cargo install --locked --path runner" />
        <p className="text-ink-3 text-xs">
          In a copy of Coord’s source. There are no ready-made packages yet, so it is built on the machine. {needs[platform]}
        </p>
      </div>
      <div className="flex flex-col gap-1.5">
        <CopyField label="2. Sign in" value={`coord-runner login --server ${location.origin}`} />
        <p className="text-ink-3 text-xs">It shows a code and a page of this site. Approve there, if the codes are the same.</p>
      </div>
      <div className="flex flex-col gap-1.5">
        <CopyField label="3. Run" value="coord-runner run" />
        <p className="text-ink-3 text-xs">
          It appears here within a moment. Agents that are installed are found by themselves; <Code>coord-runner agents</Code> says which.{' '}
          {stays[platform]}
        </p>
      </div>
    </div>
  );
}
