export const addr = '10.0.0.7:50051';
export const host = '"host":"10.0.0.7"';
/** The members of a record with the address, without the braces. */
export const good = `${host},"port":50051`;
