"""Parts of the language-model learner: tokens, training, writing, scoring, checkpoints."""
