-- How a script works although Redis is full. Under `maxmemory` Redis refuses a script's first write if that needs memory, and
-- none of its later ones.

-- A first write that needs no memory and changes nothing.
local function begin_writing()
  read('HDEL', META, '_')
end
