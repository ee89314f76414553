-- The key that remembers the reply to this call; nil when no client sends the call twice. In a cluster such a call has a
-- second key all the same, so that Redis refuses it while the slot of the queue is on its way to another server.
local CALL = KEYS[2] ~= ROOT .. 'none' and KEYS[2] or nil
