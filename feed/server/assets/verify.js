// The verifier of the command line, built for browsers, run over what this server serves.
export function start() {}
