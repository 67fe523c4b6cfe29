// What a pasted log proves. The shape printed by `diagnose --json` (../../../README.md, commands).

export type Evidence = {
	/** Counts from 1 in the text given. */
	readonly line: number;
	readonly text: string;
};

export type Family =
	| 'dfu'
	| 'caterina'
	| 'usbasploader'
	| 'bootloadhid'
	| 'halfkay'
	| 'micronucleus'
	| 'isp-programmer'
	| 'arduino-serial'
	| 'arm'
	| 'none';

export type DiagnosedCause = {
	readonly cause: string;
	/** 0..1 */
	readonly confidence: number;
	readonly evidence: readonly Evidence[];
	/** Line of the one piece of evidence that says the most: where there is room for one only. */
	readonly verdictLine?: number;
	/** One or two sentences: what happened and what it means for the board. */
	readonly meaning: string;
	/** What to do, in order. */
	readonly next: readonly string[];
	/** Ids into `firstAid` (first-aid.ts), in the order of `next`: the wizard makes steps of those it can do or check. */
	readonly nextIds?: readonly string[];
	readonly ispNeeded: 'yes' | 'no' | 'maybe';
};

export type DiagnosisFacts = {
	readonly port?: string;
	readonly chip?: string;
	readonly programmer?: string;
	/** `1e9587` */
	readonly signature?: string;
	readonly fuses?: {readonly low?: string; readonly high?: string; readonly extended?: string};
	readonly file?: string;
	readonly imageBytes?: number;
	readonly os?: 'linux' | 'macos' | 'windows';
	readonly keyboard?: string;
	readonly toolVersion?: string;
	/** USB identities seen, `03eb:2ff4`. */
	readonly usbIds?: readonly string[];
};

export type DiagnosisQuestion = {
	readonly id: string;
	readonly ask: string;
	readonly answers: readonly string[];
	/** Per answer the cause it speaks for; see `answerQuestion`. */
	readonly favours?: readonly string[];
};

export type Diagnosis = {
	/** As in the corpus: `avrdude`, `dfu-programmer`, `qmk-toolbox` …; `unknown` when none is recognised. */
	readonly tool: string;
	readonly innerTool?: string;
	readonly family: Family;
	readonly ispNeeded: 'yes' | 'no' | 'maybe';
	/** Ordered; the first is the answer. Never empty: `unrelated` and the like are causes too. */
	readonly causes: readonly DiagnosedCause[];
	readonly questions: readonly DiagnosisQuestion[];
	readonly facts: DiagnosisFacts;
	/** True when head and tail were kept and the middle left out. */
	readonly truncated: boolean;
};
