/** That of ts/sdk/package.json; a test holds both equal. */
export const version = '0.1.0';
