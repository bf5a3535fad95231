/** One line of a graph: what is asked, and how the line is called. */
export interface Target {
  readonly expr: string
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What a person should take from it. */
  readonly description: string
  /** A unit of Grafana: s, bytes, Bps, reqps, percentunit, short. */
  readonly unit: string
  readonly kind?: 'timeseries' | 'stat'
  readonly targets: readonly Target[]
  /** Drawn in red from here on. */
  readonly threshold?: number
  /** Of 24. */
  readonly width?: number
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly description: string
  /** The metric whose services and instances a viewer chooses from; default: the one every gateway reports. */
  readonly chosenFrom?: string
  readonly rows: readonly Row[]
}
