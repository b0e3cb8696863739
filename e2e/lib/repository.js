/** A bare git repository with a past, and what the tests want to know of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const env = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Ada Example',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada Example',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

const git = (cwd, ...args) => execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();

export class Repository {
  /** Makes `<folder>/<name>.git` with one commit on `main` for each set of files. */
  constructor(folder, name, commits) {
    const tree = join(folder, `${name}-tree`);
    this.path = join(folder, `${name}.git`);
    mkdirSync(tree, { recursive: true });
    git(tree, 'init', '--quiet', '--initial-branch=main');
    for (const [message, files] of commits) {
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(join(tree, file, '..'), { recursive: true });
        writeFileSync(join(tree, file), content);
      }
      git(tree, 'add', '--all');
      git(tree, 'commit', '--quiet', '--message', message);
    }
    git(folder, 'clone', '--quiet', '--bare', tree, this.path);
    git(this.path, 'remote', 'remove', 'origin');
  }

  branches() {
    return git(this.path, 'for-each-ref', '--format=%(refname:short)', 'refs/heads').split('\n');
  }

  tip(branch) {
    return git(this.path, 'rev-parse', `refs/heads/${branch}`);
  }

  /** Subjects of the commits in `range`, oldest first. */
  subjects(range) {
    const text = git(this.path, 'log', '--reverse', '--format=%s', range);
    return text === '' ? [] : text.split('\n');
  }

  /** The parents of a commit. */
  parents(commit) {
    return git(this.path, 'show', '--no-patch', '--format=%P', commit).split(' ');
  }

  read(branch, file) {
    return execFileSync('git', ['show', `${branch}:${file}`], { cwd: this.path, env, encoding: 'utf8' });
  }

  isAncestor(one, other) {
    try {
      git(this.path, 'merge-base', '--is-ancestor', one, other);
      return true;
    } catch {
      return false;
    }
  }
}
