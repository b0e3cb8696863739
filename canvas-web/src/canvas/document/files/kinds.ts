/** Names of files to offer in a dialog. Apart from what reads them, which is loaded when one is chosen. */
export const readableFiles = '.json,.canvas,.csv,.tsv';
