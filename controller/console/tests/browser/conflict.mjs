// Two admins change one deployment at the same time, in two browsers: who saves second is told, and overwrites nothing.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run conflict
// The fleet has the model `smollm2`. A deployment that no node can take is made for it, and removed again.
import { api, stage } from './stage.mjs';

const { address, faults, person, task, end } = await stage('conflict');
const name = `shared-${Date.now()}`;
const path = `/api/v1/deployments/${name}`;
await api('PUT', path, { model: 'smollm2', replicas: 1, context_length: 0, max_sequences: 4, jurisdiction: '', node_selector: { nowhere: 'yes' } }, { 'if-match': '"0"' });
const [first, second] = [await person(), await person()];

async function stands(when, wanted) {
  const found = await api('GET', path);
  for (const [field, value] of Object.entries(wanted)) if (found[field] !== value) faults.push(`${when}: ${field} is ${found[field]}, not ${value}`);
}

async function open(page, dialog) {
  await page.goto(`${address}/deployments/${name}?${dialog}`);
  await page.getByRole('dialog').waitFor();
}

async function press(page, button) {
  await page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();
}

async function saved(page, button) {
  await press(page, button);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function edit(page, { jurisdiction, sequences }) {
  if (jurisdiction) await page.getByLabel('Jurisdiction').fill(jurisdiction);
  if (sequences) await page.getByLabel('Sequences at once').fill(String(sequences));
}

/** The row of the table of versions: before, now, yours. */
const versions = (page, field) => page.getByRole('table', { name: 'Both versions' }).getByRole('row', { name: field }).getByRole('cell').allInnerTexts();

await task('who saves second is shown both versions, and nothing is overwritten', async () => {
  await Promise.all([open(first, 'edit'), open(second, 'edit')]);
  await edit(first, { jurisdiction: 'DE' });
  await edit(second, { jurisdiction: 'FR', sequences: 8 });
  await saved(first, 'Save');
  await press(second, 'Save');
  await second.getByText('Somebody else changed this deployment while you were editing. It is at revision 2 now').waitFor();
  if ((await versions(second, 'Jurisdiction')).join() !== 'empty,DE,FR') faults.push(`the versions shown are ${await versions(second, 'Jurisdiction')}`);
  await stands('after the second save', { revision: 2, jurisdiction: 'DE', max_sequences: 4 });
});

await task('a third change in between is not overwritten by the merge either', async () => {
  await open(first, 'edit');
  await edit(first, { jurisdiction: 'AT' });
  await saved(first, 'Save');
  await press(second, 'Put my changes on top');
  if ((await second.getByLabel('Jurisdiction').inputValue()) !== 'FR') faults.push('what was typed is gone');
  await press(second, 'Save');
  await second.getByText('It is at revision 3 now').waitFor();
  await stands('after the merge of an old version', { revision: 3, jurisdiction: 'AT', max_sequences: 4 });
});

await task('after putting one’s changes on top, one can save', async () => {
  await press(second, 'Put my changes on top');
  await saved(second, 'Save');
  await stands('after the merge', { revision: 4, jurisdiction: 'FR', max_sequences: 8 });
});

await task('who drops their changes goes on from what is there', async () => {
  await Promise.all([open(first, 'edit'), open(second, 'edit')]);
  await edit(first, { sequences: 2 });
  await edit(second, { jurisdiction: 'IT' });
  await saved(first, 'Save');
  await press(second, 'Save');
  await press(second, 'Drop my changes');
  const shown = [await second.getByLabel('Jurisdiction').inputValue(), await second.getByLabel('Sequences at once').inputValue()];
  if (shown.join() !== 'FR,2') faults.push(`after dropping the form shows ${shown}`);
  await stands('after dropping', { revision: 5, jurisdiction: 'FR', max_sequences: 2 });
  await second.keyboard.press('Escape');
});

await task('scaling what somebody else scaled is refused, told, and possible from there', async () => {
  await Promise.all([open(first, 'scale'), open(second, 'scale')]);
  await first.getByRole('textbox', { name: 'Replicas' }).fill('2');
  await second.getByRole('textbox', { name: 'Replicas' }).fill('5');
  await saved(first, 'Scale');
  await press(second, 'Scale');
  await second.getByText('Somebody changed it meanwhile: it is at revision 6 and wants 2. Nothing of yours was saved.').waitFor();
  await stands('after the second scaling', { revision: 6, replicas: 2 });
  await press(second, 'Go on from there');
  await second.getByText('3 more replicas will be placed').waitFor();
  await stands('before it is pressed again', { revision: 6, replicas: 2 });
  await saved(second, 'Scale');
  await stands('after scaling from there', { revision: 7, replicas: 5 });
});

await api('DELETE', path);
await end();
