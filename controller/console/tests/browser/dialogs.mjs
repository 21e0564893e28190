// A picture of every open dialog in both themes and two sizes, and what axe finds on each.
//   CLOISTER_URL=… CLOISTER_KEY=… MODEL_NAME=smollm2 npm run dialogs
// The fleet has the deployment `ward`, that model and the node `this-machine`.
import { inspect } from './inspect.mjs';
import { OUT, stage } from './stage.mjs';
import { views } from './views.mjs';

const dialogs = views.filter(({ dialog }) => dialog);
const { address, faults, person, task, end } = await stage('dialogs');
let looked = 0;

async function look(page, view) {
  await page.goto(address + view.path);
  await page.getByText(view.shows).first().waitFor();
  await view.then?.(page);
  await page.locator('.dialog').waitFor();
  looked += await inspect(page, `dialog-${view.name}`, faults);
}

const page = await person();
await task('every dialog in both themes and two sizes', async () => {
  for (const view of dialogs) await look(page, view);
});
console.log(`${looked} pictures of dialogs in ${OUT}`);
await end();
