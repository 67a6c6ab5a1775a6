/** How long a token may be, in UTF-16 units. */
export const MAX_TOKEN_LENGTH = 4096;
