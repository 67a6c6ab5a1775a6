type QueryValues = Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[] | undefined>>;
export { QueryValues };