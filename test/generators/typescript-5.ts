import { registerHooks } from 'node:module';

/** Gives a generator that lies beside the project's own TypeScript the one that it can work with. */
registerHooks({
  resolve: (name, context, next) =>
    next(name, name === 'typescript' ? { ...context, parentURL: import.meta.url } : context),
});
