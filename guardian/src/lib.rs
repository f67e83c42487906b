//! The guardian node: shell, store, commands.
