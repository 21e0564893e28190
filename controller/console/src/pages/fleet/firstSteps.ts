export interface Beginning {
  nodesReady: number;
  models: number;
  deployments: number;
  /** Whether a model has answered; nothing while that is not known, or not to be known by this account. */
  answered: boolean | undefined;
}

export interface Step {
  title: string;
  isDone: boolean;
  /** Where it is done, and the right it takes. */
  to: string;
  action: string;
  hint: string;
}

/** The way from an empty fleet to the first answer. Each step is ticked by what is, not by what was pressed. */
export function firstSteps({ nodesReady, models, deployments, answered }: Beginning): Step[] {
  const ask = deployments > 0
    ? { to: '/playground', action: 'inference.ask', hint: 'In the playground; the answer comes with its record.' }
    : { to: '/deployments?new', action: 'deployment.change', hint: 'A deployment runs the model; create one, then ask it in the playground.' };
  return [
    { title: 'Sign in', isDone: true, to: '/', action: 'fleet.read', hint: '' },
    { title: 'Add a node', isDone: nodesReady > 0, to: '/nodes?add', action: 'node.admit', hint: 'A machine that runs models. A token admits one, once.' },
    { title: 'Import a signed model', isDone: models > 0, to: '/models?import', action: 'model.import', hint: 'Trust its signer first; every byte is checked against the signature.' },
    { title: 'Ask a question', isDone: answered === true, ...ask },
  ];
}

/** Whether somebody still needs the way shown. Who cannot know of answers is not told of steps that may be long done. */
export function isBeginning(of: Beginning): boolean {
  const { models, deployments, answered } = of;
  return models === 0 || deployments === 0 || answered === false;
}
