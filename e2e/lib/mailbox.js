/** A real SMTP server on this machine that keeps what it is sent. */
import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { eventually } from './person.js';

export class Mailbox {
  letters = [];

  static async open() {
    const mailbox = new Mailbox();
    mailbox.server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('nobody@') ? Object.assign(new Error('there is no such person'), { responseCode: 550 }) : null),
      onData: (stream, session, done) => {
        const pieces = [];
        stream.on('data', (piece) => pieces.push(piece));
        stream.on('end', () => {
          const raw = Buffer.concat(pieces).toString();
          const text = raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');
          mailbox.letters.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw, text });
          done();
        });
      },
    });
    mailbox.server.listen(0, '127.0.0.1');
    await once(mailbox.server.server, 'listening');
    mailbox.url = `smtp://127.0.0.1:${mailbox.server.server.address().port}`;
    return mailbox;
  }

  /** The newest letter to this address whose text has a link below `start`; the link. */
  link(to, start) {
    return eventually(`a letter to ${to}`, () => {
      const letter = this.letters.findLast((one) => one.to.includes(to) && one.text.includes(start));
      const at = letter?.text.indexOf(start);
      return letter?.text.slice(at).split(/\s/)[0];
    });
  }

  close() {
    return new Promise((resolve) => this.server.close(resolve));
  }
}
