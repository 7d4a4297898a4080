"""Why: from an exact posterior to its reasons, its doubts and the next question.

    ledger, coverage, provenance, support, ties      what each finding did, and on whose word
    doubt, draws, surprise, peers, sources           how far numbers, model and sources carry it
    questions, asked, prospects, worth, stopping     what to ask next, and when to stop
    changes, edits, tipping, leans, sensitivity,     what would turn it, evidence or number
        numbers, curves, resolving
    together, rivals                                 joint explanations and explaining away
    scenarios                                        two patients side by side
    variants, goals                                  what the others share

Each part asks the engine for posteriors of variants of the patient and returns one frozen value
with `to_dict`; none prints and none keeps a patient.
"""
