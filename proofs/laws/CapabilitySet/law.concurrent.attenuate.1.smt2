; tellverify/smt-1
; obligation: CapabilitySet/law[concurrent attenuate]
; source: specs/laws/aura.toml
; sha256: f74326632f2796b81d3f63cf008897c5b209cf1cd7d3a7ce75e270e99424c083
(set-info :smt-lib-version 2.6)
(set-info :status unsat)
(set-info :core "p0")
(set-logic QF_LIA)
; x0: x.0
(declare-const x0 Bool)
; x1: caveat.0
(declare-const x1 Bool)
; x2: caveat'.0
(declare-const x2 Bool)
; x3: x.1
(declare-const x3 Bool)
; x4: caveat.1
(declare-const x4 Bool)
; x5: caveat'.1
(declare-const x5 Bool)
; x6: x.2
(declare-const x6 Bool)
; x7: caveat.2
(declare-const x7 Bool)
; x8: caveat'.2
(declare-const x8 Bool)
; x9: x.3
(declare-const x9 Bool)
; x10: caveat.3
(declare-const x10 Bool)
; x11: caveat'.3
(declare-const x11 Bool)
; p0: the law is broken
(assert (! (not (and (= (and (and x0 x1) (and x0 x2)) (and (and x0 x1) x2)) (= (and (and x3 x4) (and x3 x5)) (and (and x3 x4) x5)) (= (and (and x6 x7) (and x6 x8)) (and (and x6 x7) x8)) (= (and (and x9 x10) (and x9 x11)) (and (and x9 x10) x11)))) :named p0))
(check-sat)
