"""Why: from an exact posterior to its reasons, its doubts and the next question.

    ledger, coverage, provenance, support, ties    what each finding did, and on whose word
    doubt, draws, surprise, sources          how far the numbers, the model and a source carry it
    questions, prospects, worth, stopping    what to ask next, and when nothing more is worth asking
    changes, tipping, leans, sensitivity     what would turn it
    together, rivals                         joint explanations and explaining away
    scenarios                                two patients side by side
    variants, goals                          what the others share

Each part asks the engine for posteriors of variants of the patient and returns one frozen value
with `to_dict`; none prints and none keeps a patient.
"""
