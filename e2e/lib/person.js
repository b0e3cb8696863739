/** A person who talks to the HTTP API, signed in by cookie as a browser is. */

export class Problem extends Error {
  constructor(method, path, status, body) {
    super(`${method} ${path}: ${status} ${body?.rule ?? ''} ${body?.detail ?? ''}`);
    this.status = status;
    this.body = body;
  }
}

export class Person {
  constructor(base, { name, email = `${name.toLowerCase()}@example.org`, password = `${name} has a long password` }) {
    this.base = base;
    this.name = name;
    this.email = email;
    this.password = password;
    this.cookie = undefined;
  }

  async register() {
    this.user = await this.post('/auth/register', { email: this.email, name: this.name, password: this.password });
    return this;
  }

  async signIn() {
    this.user = await this.post('/auth/login', { email: this.email, password: this.password });
    return this;
  }

  get = (path) => this.call('GET', path);
  post = (path, body = {}) => this.call('POST', path, body);
  put = (path, body = {}) => this.call('PUT', path, body);
  patch = (path, body = {}) => this.call('PATCH', path, body);
  delete = (path) => this.call('DELETE', path);

  /** The answer's body; anything but success is thrown as a `Problem`. */
  async call(method, path, body) {
    const response = await this.raw(method, path, body);
    const text = await response.text();
    const value = text === '' || !(response.headers.get('content-type') ?? '').includes('json') ? text : JSON.parse(text);
    if (!response.ok) {
      throw new Problem(method, path, response.status, value);
    }
    return value;
  }

  /** The status alone. */
  async status(method, path, body) {
    const response = await this.raw(method, path, body);
    await response.arrayBuffer();
    return response.status;
  }

  async raw(method, path, body) {
    const headers = { origin: this.base };
    if (this.cookie) {
      headers.cookie = this.cookie;
    }
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
    }
    const response = await fetch(`${this.base}/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    for (const line of response.headers.getSetCookie()) {
      if (line.startsWith('coord_session=')) {
        this.cookie = line.split(';')[0];
      }
    }
    return response;
  }

  /** The session as a browser keeps it. */
  browserCookie() {
    const [name, ...value] = this.cookie.split('=');
    return { name, value: value.join('='), url: this.base, httpOnly: true, sameSite: 'Lax' };
  }
}

/** What `look` finds, as soon as it finds something; what it throws meanwhile counts as nothing found. */
export async function eventually(what, look, within = 20_000) {
  const until = Date.now() + within;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found) {
        return found;
      }
    } catch (error) {
      last = error;
    }
    if (Date.now() > until) {
      throw new Error(`${what}: not within ${within} ms`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
