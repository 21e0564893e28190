// What a person does at the provider, which is Dex, and what its administrators do to it.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

export const PASSWORD = 'seven quiet otters';
export const emailOf = (name) => `${name}@hospital.example`;

/** Fills in Dex's form. */
export async function signInThere(page, name) {
  await page.getByLabel('Email Address').fill(emailOf(name));
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Login' }).click();
}

/** From a page of the console on which nobody is signed in. */
export async function signInWith(page, issuer, name) {
  await page.getByRole('link', { name: `Sign in with ${issuer}` }).click();
  await signInThere(page, name);
}

/** Whoever is signed in on the page; nobody if it is undefined. */
export function whoIsIn(page) {
  return page.evaluate(async () => {
    const response = await fetch('/api/v1/session', { cache: 'no-store', headers: { 'x-cloister-background': '1' } });
    return response.ok ? response.json() : undefined;
  });
}

const folder = (issuer) => join(process.env.PROVIDERS, issuer);
const dex = (...words) => execFileSync(process.env.DEX, words, { stdio: ['ignore', 'ignore', 'inherit'] });

export const stop = (issuer) => dex('stop', folder(issuer));

/** With these people from now on, e.g. `anna=platform`; without any, with those it began with. */
export const startAgain = (issuer, ...people) => dex('again', folder(issuer), ...people);

/** It knows no refresh token any more, and signs with other keys. */
export function loseEverything(issuer) {
  stop(issuer);
  rmSync(join(folder(issuer), 'dex.db'));
  startAgain(issuer);
}
