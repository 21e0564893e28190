/** Names of models, signers and keys alike. */
export function nameProblem(name: string): string | undefined {
  return /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name) ? undefined : 'Up to 63 small letters, digits, dots and dashes; a letter or digit at both ends';
}
