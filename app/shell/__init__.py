"""The window around the editor: actions, menus, dialogs, start and end."""
