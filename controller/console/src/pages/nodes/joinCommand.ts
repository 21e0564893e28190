export interface JoinDetails {
  token: string;
  name: string;
  jurisdiction: string;
  region: string;
}

/** In single quotes wherever a shell would otherwise read more than the text. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9._:/=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What is run on the new machine, to the letter. */
export function joinCommand({ token, name, jurisdiction, region }: JoinDetails): string {
  const optional = [
    name ? `--name ${quoted(name)}` : '',
    region ? `--region ${quoted(region)}` : '',
    jurisdiction ? `--jurisdiction ${quoted(jurisdiction)}` : '',
  ].filter(Boolean);
  return ['cloister-agent --data /srv/cloister-agent', ...optional, `--join ${quoted(token)}`].join(' ');
}

/** Why a field would be turned down on the machine, before anybody walks there. */
export function joinProblems({ name, jurisdiction }: Pick<JoinDetails, 'name' | 'jurisdiction'>): { name?: string; jurisdiction?: string } {
  return {
    ...(name && !/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name) ? { name: 'Up to 63 small letters, digits, dots and dashes; a letter or digit at both ends' } : {}),
    ...(jurisdiction && !/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(jurisdiction) ? { jurisdiction: 'A country such as DE, or a part of one such as DE-HE' } : {}),
  };
}
