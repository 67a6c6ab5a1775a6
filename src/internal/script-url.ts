/** @returns an address of a script that is given as text. Whoever has loaded it revokes it. */
export const scriptUrl = (code: string): string => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
