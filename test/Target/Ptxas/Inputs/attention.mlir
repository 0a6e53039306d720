func.func @attention(%q: tensor<?x512x128xbf16>, %k: tensor<?x512x128xbf16>, %v: tensor<?x512x128xbf16>,
                     %o: tensor<?x512x128xbf16>) -> tensor<?x512x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<?x512x128xbf16>, tensor<?x512x128xbf16>, tensor<?x512x128xbf16>)
      outs(%o : tensor<?x512x128xbf16>)
  return %r : tensor<?x512x128xbf16>
}
