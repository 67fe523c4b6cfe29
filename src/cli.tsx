#!/usr/bin/env node
// The entry: flags first, then a dynamic import of what was asked for.
export {};
