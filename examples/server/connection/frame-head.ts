/** The first byte of a final frame with text in it and nothing reserved. */
export const WHOLE_TEXT_MESSAGE = 0x81;
/** These lengths stand for one in two and in eight bytes. */
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;
