// Made by `cargo xtask generate` from protocol/src/canvas/schema.rs. Do not edit.

export const schema = {
  "colors": [
    "gray",
    "red",
    "orange",
    "amber",
    "green",
    "teal",
    "blue",
    "violet",
    "pink"
  ],
  "keys": {
    "at": "at",
    "by": "by",
    "color": "c",
    "file": "file",
    "folder": "fold",
    "from": "f",
    "job": "job",
    "kind": "k",
    "lock": "lock",
    "order": "z",
    "size": "sz",
    "text": "txt",
    "time": "ts",
    "to": "to",
    "type": "t",
    "url": "url"
  },
  "kinds": [
    "rel",
    "dep"
  ],
  "limits": {
    "coordinate": 10000000.0,
    "depth": 8,
    "document": 10485760,
    "id": 64,
    "maxSize": 20000.0,
    "minSize": 8.0,
    "objects": 20000,
    "order": 64,
    "presence": 4096,
    "syncMessage": 262144,
    "text": 20000,
    "url": 2000
  },
  "messages": {
    "ack": 100,
    "auth": 2,
    "awareness": 1,
    "queryAwareness": 3,
    "sync": 0
  },
  "roots": {
    "links": "links",
    "meta": "meta",
    "objects": "objects"
  },
  "schemaKey": "schema",
  "sides": [
    "auto",
    "top",
    "right",
    "bottom",
    "left"
  ],
  "types": {
    "group": {
      "color": "gray",
      "h": 400.0,
      "w": 640.0
    },
    "idea": {
      "color": "violet",
      "h": 120.0,
      "w": 240.0
    },
    "image": {
      "color": "gray",
      "h": 240.0,
      "w": 320.0
    },
    "job": {
      "color": "gray",
      "h": 136.0,
      "w": 280.0
    },
    "link": {
      "color": "gray",
      "h": 96.0,
      "w": 280.0
    },
    "sticky": {
      "color": "amber",
      "h": 200.0,
      "w": 200.0
    },
    "text": {
      "color": "gray",
      "h": 40.0,
      "w": 240.0
    }
  },
  "version": 1
} as const;
