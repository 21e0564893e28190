const METHODS: Readonly<Record<string, string>> = { link: 'login link', password: 'password', oidc: 'identity provider' };

/** How a session began, in words; a word of a newer controller as it is. */
export const methodName = (method: string): string => METHODS[method] ?? method;
