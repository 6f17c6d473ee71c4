"use strict";
// The function: the modules of Node that its runtime client had loaded before it loaded this file.
const loaded = [...process.moduleLoadList];

exports.handler = async () => loaded;
